/** `npm run docs`: writes the pages that the code writes. */
import { writeFileSync } from 'node:fs';
import { docPages } from './doc-pages.ts';

for (const [path, content] of Object.entries(docPages())) writeFileSync(path, content);
