// Writes docs/report.schema.json from the schema that reports are made by: node scripts/schema.mjs
import { writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { outputFiles } = await build({
  stdin: {
    contents:
      "import { z } from 'zod'; import { JsonReport } from './app/main/explorer/report.ts'; export default z.toJSONSchema(JsonReport);",
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
writeFileSync('docs/report.schema.json', `${JSON.stringify(schema, null, 2)}\n`);
