/** Puts beside the compiled files what the compiler leaves out: the SQL of the migrations. */
import { cp } from 'node:fs/promises';

const root = new URL('../', import.meta.url);
await cp(new URL('src/store/migrations/', root), new URL('dist/store/migrations/', root), {
  recursive: true,
});
