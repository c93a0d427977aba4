/**
 * The dashboard: the files of a Vite build, and `index.html` for the pages that its router draws.
 *
 * The folder is listed once and a request is answered only for a listed name, so there is no path
 * to climb out by. Vite puts a hash into the names under `assets/`: those may be kept for ever.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const MEDIA_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

const NOT_BUILT = `The dashboard is not built. Run "npm run build" and start again; the API is there without it.\n`;

export interface StaticFiles {
  /** Null where the path is neither a file nor a page. */
  answer(path: string, wantsPage: boolean): Promise<Response | null>;
}

/** `root`: the build's folder, absolute. */
export function staticFiles(root: string): StaticFiles {
  let files = listFiles(root);
  return {
    async answer(path, wantsPage) {
      const name = path.slice(1);
      if (name !== '' && files.has(name)) return fileResponse(root, name);
      if (!wantsPage) return null;
      if (!files.has('index.html')) files = listFiles(root);
      if (!files.has('index.html'))
        return new Response(NOT_BUILT, {
          status: 503,
          headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
        });
      return fileResponse(root, 'index.html');
    },
  };
}

function listFiles(root: string): Set<string> {
  if (!existsSync(root)) return new Set();
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Set(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .map((name) => name.split(sep).join('/')),
  );
}

async function fileResponse(root: string, name: string): Promise<Response> {
  const isHashed = name.startsWith('assets/');
  return new Response(await readFile(join(root, name)), {
    headers: {
      'content-type': MEDIA_TYPES[extname(name)] ?? 'application/octet-stream',
      'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
  });
}
