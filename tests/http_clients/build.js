// Bundles the program of docs/clients as a page's tools would: Relay's documents by Relay's plugin.
import { transformAsync } from '@babel/core';
import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';

const relay = {
  name: 'relay',
  setup({ onLoad }) {
    onLoad({ filter: /\/relay\/\w+\.ts$/ }, async ({ path: filename }) => {
      const { code } = await transformAsync(await readFile(filename, 'utf8'), {
        filename,
        parserOpts: { plugins: ['typescript'] },
        plugins: [['babel-plugin-relay', { eagerEsModules: true }]],
      });
      return { contents: code, loader: 'ts' };
    });
  },
};
const [program, outfile] = process.argv.slice(2);
await build({
  entryPoints: [program],
  outfile,
  bundle: true,
  external: ['ws'],
  platform: 'node',
  format: 'esm',
  target: 'node20',
  plugins: [relay],
});
