/** The built dashboard as it lies in its folder. What is not a file in there does not exist. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

export interface Found {
  readonly body: Buffer;
  readonly headers: { readonly [name: string]: string };
}

const TYPES: { readonly [ending: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** Packed beforehand, the smallest first. */
const PACKED = [
  { name: 'br', ending: '.br' },
  { name: 'gzip', ending: '.gz' },
];

/** The file of a path, `/` being `index.html`; packed when the reader takes it and it lies there packed. Undefined when there is none. */
export async function findPage(folder: string, path: string, accepts: string): Promise<Found | undefined> {
  const file = await fileOf(folder, path);
  if (file === undefined) return undefined;
  const headers = {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    vary: 'accept-encoding',
    // What the build names by its content never changes; everything else is asked for again.
    'cache-control': /[\\/]assets[\\/]/.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  for (const { name, ending } of PACKED) {
    if (!new RegExp(`\\b${name}\\b`).test(accepts)) continue;
    const body = await readFile(`${file}${ending}`).catch(() => undefined);
    if (body) return { body, headers: { ...headers, 'content-encoding': name } };
  }
  const body = await readFile(file).catch(() => undefined);
  return body && { body, headers };
}

async function fileOf(folder: string, path: string): Promise<string | undefined> {
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (plain.includes('\0')) return undefined;
  try {
    const root = await realpath(folder);
    const file = await realpath(join(root, plain === '/' ? 'index.html' : plain));
    return file.startsWith(root + sep) && (await stat(file)).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Instead of the dashboard where it was not built. */
export function unbuilt(build: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>nearcast</title></head>
<body><h1>The dashboard is not built</h1>
<p>Build it with <code>${inert(build)}</code> and load this page again. The network itself runs, and answers at
<a href="/api/v1/snapshot">/api/v1/snapshot</a>.</p></body></html>
`;
}

function inert(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
