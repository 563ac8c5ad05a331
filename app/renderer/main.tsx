// SPDX-License-Identifier: GPL-2.0-only
import '@fontsource-variable/inter/index.css';
import '@fontsource/jetbrains-mono/latin-400.css';
import '@fontsource/jetbrains-mono/latin-600.css';
import './styles/tokens.css';
import './styles/vocabulary.css';
import './styles/base.css';
import './styles/controls.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { Copying } from './parts/copying.ts';
import { copyLater } from './state/clipboard.ts';
import { connect } from './state/connect.ts';

createRoot(document.getElementById('root') as HTMLElement).render(
  <Copying value={copyLater}>
    <App />
  </Copying>,
);
void connect();
