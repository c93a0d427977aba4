/**
 * Imported before any schema: zod compiles parsers with `new Function` unless told not to, and our
 * content security policy forbids that (the attempt alone is reported as a violation).
 */
import { z } from 'zod';

z.config({ jitless: true });
