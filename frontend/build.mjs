// Bundles frontend/ into app/static/dist with content-hashed names and a manifest for app/web/assets.py.
// `node frontend/build.mjs` builds once; `--watch` builds again whenever a source changes.
import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import * as sass from 'sass';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const outdir = path.join(root, 'app', 'static', 'dist');
const iconSource = path.join(root, 'node_modules', '@tabler', 'icons', 'icons');

const scss = {
  name: 'scss',
  setup(build) {
    build.onLoad({ filter: /\.scss$/ }, ({ path: file }) => {
      const { css } = sass.compile(file, { loadPaths: [path.join(root, 'node_modules')], quietDeps: true });
      return { contents: css, loader: 'css' };
    });
  },
};

/** Draws every icon of icons.json into one SVG of symbols, in the order of the list. */
async function buildSprite() {
  const icons = JSON.parse(await readFile(path.join(here, 'icons.json'), 'utf8'));
  const symbols = await Promise.all(
    Object.entries(icons).map(async ([name, source]) => {
      const svg = await readFile(path.join(iconSource, `${source}.svg`), 'utf8');
      const body = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>')).replace(/\s+/g, ' ');
      const paint = source.startsWith('filled/')
        ? 'fill="currentColor" stroke="none"'
        : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
      return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${body.trim()}</symbol>`;
    }),
  );
  const brand = (await readFile(path.join(here, 'brand.svg'), 'utf8')).trim();
  const mark = brand.slice(brand.indexOf('>') + 1, brand.lastIndexOf('</svg>')).trim();
  const symbol = `<symbol id="brand" viewBox="0 0 32 32">${mark}</symbol>`;
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbol}${symbols.join('')}</svg>\n`;
  return {
    'icons.svg': await writeHashed('icons', 'svg', sprite),
    'favicon.svg': await writeHashed('favicon', 'svg', `${brand}\n`),
  };
}

/** Writes a text under a name that carries its content's hash and gives that name. */
async function writeHashed(stem, extension, text) {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
  const name = `${stem}-${hash}.${extension}`;
  await writeFile(path.join(outdir, name), text);
  return name;
}

async function build() {
  await mkdir(outdir, { recursive: true });
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: { app: 'frontend/js/app.js', style: 'frontend/css/app.css' },
    outdir,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: ['chrome100', 'firefox100', 'safari15.4'],
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    metafile: true,
    sourcemap: 'linked',
    legalComments: 'linked',
    logLevel: 'warning',
    plugins: [scss],
  });
  const manifest = await buildSprite();
  const current = new Set([...Object.values(manifest), 'manifest.json']);
  for (const [file, output] of Object.entries(result.metafile.outputs)) {
    const name = path.basename(file);
    current.add(name);
    current.add(`${name}.LEGAL.txt`);
    if (output.entryPoint === 'frontend/js/app.js') manifest['app.js'] = name;
    if (output.entryPoint === 'frontend/css/app.css') manifest['app.css'] = name;
  }
  // The manifest is swapped in whole: a web process never reads half of it.
  const draft = path.join(outdir, '.manifest.json.part');
  await writeFile(draft, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(draft, path.join(outdir, 'manifest.json'));
  for (const name of await readdir(outdir)) {
    if (!current.has(name)) await rm(path.join(outdir, name));
  }
  return manifest;
}

async function buildAndTell() {
  const started = Date.now();
  const manifest = await build();
  console.log(`front end built in ${Date.now() - started} ms: ${Object.values(manifest).join(' ')}`);
}

try {
  await buildAndTell();
} catch (error) {
  console.error(`front end not built: ${error.message}`);
  process.exit(1);
}
if (process.argv.includes('--watch')) {
  let timer;
  watch(here, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => buildAndTell().catch((error) => console.error(error.message)), 100);
  });
  console.log('watching frontend/ …');
}
