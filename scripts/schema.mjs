// SPDX-License-Identifier: GPL-2.0-only
// Writes the published schema from the one that exports are made by: node scripts/schema.mjs
import { writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { outputFiles } = await build({
  stdin: {
    contents: `import { z } from 'zod';
      import { ExportLine } from './app/main/capture/formats/line.ts';
      export default z.toJSONSchema(ExportLine);`,
    resolveDir: '.',
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
  define: { CR3SCOPE_VERSION: '""' },
});
const code = Buffer.from(outputFiles[0].contents).toString('base64');
const { default: schema } = await import(`data:text/javascript;base64,${code}`);
writeFileSync('docs/capture-lines.schema.json', `${JSON.stringify(schema, null, 2)}\n`);
