// SPDX-License-Identifier: GPL-2.0-only
declare module '*.css';
declare module '@fontsource-variable/inter/index.css';
