// SPDX-License-Identifier: GPL-2.0-only
// The parts of an HTML document, and how they look on screen and on paper.
import { count } from '../../../contract/format.ts';
import { inHtml } from '../../../contract/inert.ts';
import { countedVerdicts, VERDICT, VERDICTS } from '../../../contract/verdicts.ts';

/** The text’s colour for a verdict that is not known. */
const colour = (verdict: string) => `var(--${verdict.replace(/ .*/, '')},currentColor)`;
const colours = (ground: 'light' | 'dark') => VERDICTS.map((v) => `--${v}:${VERDICT.word(v)[ground]}`).join(';');
const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1f26;--dim:#5b6672;--line:#d8dee6;${colours('light')}}
@media(prefers-color-scheme:dark){:root{--bg:#0f1216;--fg:#dde3ea;--dim:#95a1ae;--line:#2a313a;${colours('dark')}}}
body{font:14px/1.45 system-ui,sans-serif;background:var(--bg);color:var(--fg);max-width:75rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}th[scope=row]{white-space:nowrap;padding-right:1rem;width:11rem}h2{font-size:1.05rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.n,code{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:12.5px}th.n{font:inherit;font-weight:bold;text-align:right}.n{text-align:right;white-space:nowrap}.dim{color:var(--dim)}
.bar{display:flex;height:14px;border-radius:3px;overflow:hidden;background:var(--line)}.bar i{min-width:3px}
.dot{display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.4em}td code{overflow-wrap:anywhere}
details{margin-top:1.5rem}summary{cursor:pointer}summary h2,summary h3{display:inline;margin:0}h3{font-size:1rem}.wide{overflow-x:auto}
td:has(a){padding-block:.35rem}td .bar{min-width:8rem}td:has(.bar){width:30%}
@page{margin:14mm}
@media print{:root{color-scheme:light}body{max-width:none;margin:0;padding:0;font-size:9pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
.n,code{font-size:7pt}.wide{overflow:visible}tr,.bar{break-inside:avoid}thead{display:table-header-group}h2,h3,summary{break-after:avoid}
td,th{padding-right:.5rem}td{overflow-wrap:anywhere}td.n{overflow-wrap:normal;white-space:nowrap}th{white-space:nowrap}}`;

export function bar(words: ArrayLike<bigint>): string {
  const parts = countedVerdicts(words).map((v, i) =>
    words[i] ? `<i style="flex:${words[i]};background:${colour(v)}" title="${VERDICT.label(v)}: ${words[i]}"></i>` : '',
  );
  return `<div class="bar">${parts.join('')}</div>`;
}

/** The beginning and the end of a page: nothing in it runs, and nothing is fetched. */
export const htmlPage = (title: string) => ({
  head: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>${inHtml(title)}</title><style>${STYLE}</style></head><body><main>
`,
  foot: '\n</main></body></html>\n',
});

/** Names with values. */
export const htmlFacts = (facts: readonly (readonly [string, string])[]): string =>
  `<table><tbody>${facts.map(([k, v]) => `<tr><th scope="row">${inHtml(k)}</th><td>${inHtml(v)}</td></tr>`).join('')}</tbody></table>`;

/** How often each verdict was found, and what it means. */
export const htmlVerdicts = (words: ArrayLike<bigint>): string =>
  `<table><thead><tr><th>Verdict</th><th class="n">Pages</th><th>Meaning</th></tr></thead><tbody>${countedVerdicts(
    words,
  )
    .map(
      (v, i) =>
        `<tr><td><span class="dot" style="background:${colour(v)}"></span>${VERDICT.label(v)}</td><td class="n">${count(words[i] ?? 0n)}</td><td class="dim">${VERDICT.meaning(v)}</td></tr>`,
    )
    .join('')}</tbody></table>`;

/** A table of cells that are HTML, piece by piece. Columns whose names begin with # hold numbers. */
export function* htmlTable(columns: readonly string[], rows: Iterable<readonly string[]>): Generator<string> {
  const number = columns.map((name) => (name.startsWith('#') ? ' class="n"' : ''));
  let text = `<div class="wide"><table><thead><tr>${columns.map((name, i) => `<th${number[i]}>${name.replace(/^#/, '')}</th>`).join('')}</tr></thead><tbody>`;
  for (const cells of rows) {
    text += `<tr>${cells.map((cell, i) => `<td${number[i]}>${cell}</td>`).join('')}</tr>`;
    if (text.length < 1 << 16) continue;
    yield text;
    text = '';
  }
  yield `${text}</tbody></table></div>`;
}
