// SPDX-License-Identifier: GPL-2.0-only
// Writes the published schemas from those that reports and exports are made by: node scripts/schema.mjs
import { writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { outputFiles } = await build({
  stdin: {
    contents: `import { z } from 'zod';
      import { JsonReport } from './app/main/explorer/report.ts';
      import { ExportLine } from './app/main/capture/formats/line.ts';
      export default { report: z.toJSONSchema(JsonReport), 'capture-lines': z.toJSONSchema(ExportLine) };`,
    resolveDir: '.',
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
  define: { CR3SCOPE_VERSION: '""' },
});
const code = Buffer.from(outputFiles[0].contents).toString('base64');
const { default: schemas } = await import(`data:text/javascript;base64,${code}`);
for (const [name, schema] of Object.entries(schemas))
  writeFileSync(`docs/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
