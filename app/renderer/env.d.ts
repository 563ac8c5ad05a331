// SPDX-License-Identifier: GPL-2.0-only
declare module '*.css';
declare module '@fontsource-variable/inter/index.css';
declare module '*.md?raw' {
  const text: string;
  export default text;
}
