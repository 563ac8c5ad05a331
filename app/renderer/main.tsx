import '@fontsource-variable/inter/index.css';
import '@fontsource/jetbrains-mono/latin-400.css';
import '@fontsource/jetbrains-mono/latin-600.css';
import './styles.css';
import { createRoot } from 'react-dom/client';
import { begin } from './store.ts';
import { App } from './ui/App.tsx';

createRoot(document.getElementById('root') as HTMLElement).render(<App />);
void begin();
