// Bundles a program, for Node or a browser: Relay's documents by Relay's plugin.
import { transformAsync } from '@babel/core';
import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';

const relay = {
  name: 'relay',
  setup({ onLoad }) {
    onLoad({ filter: /\/relay\/\w+\.tsx?$/ }, async ({ path: filename }) => {
      const { code } = await transformAsync(await readFile(filename, 'utf8'), {
        filename,
        parserOpts: { plugins: ['typescript', 'jsx'] },
        plugins: [['babel-plugin-relay', { eagerEsModules: true }]],
      });
      return { contents: code, loader: filename.endsWith('x') ? 'tsx' : 'ts' };
    });
  },
};
const [program, outfile, platform = 'node'] = process.argv.slice(2);
await build({
  entryPoints: [program],
  outfile,
  bundle: true,
  external: ['ws'],
  platform,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  plugins: [relay],
});
