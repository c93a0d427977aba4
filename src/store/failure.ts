/** Which failures of the driver mean that the database cannot be reached, and are no bug of ours. */
import { AppError } from '../errors.ts';

/** System calls that failed, and SQLSTATE classes 08 (connection), 53 (resources), 57 (operator), 28 (log-in), 3D (no such database). */
const UNREACHABLE = /^(E[A-Z]{3,}|08...|53...|57P0.|28...|3D000)$/;
const UNREACHABLE_TEXT =
  /Connection terminated|timeout exceeded when trying to connect|not queryable|not currently accepting connections/;
const DISK_FULL = '53100';
const GIVEN_UP = new Set(['57014', '55P03']);

/** Null where the error is something else. */
export function connectionFailure(error: unknown): AppError | null {
  if (error instanceof AppError || !(error instanceof Error)) return null;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason = error.message || code;
  if (GIVEN_UP.has(code)) {
    return new AppError('overloaded', `The database took too long: ${reason}`, { cause: error });
  }
  if (UNREACHABLE.test(code) || UNREACHABLE_TEXT.test(error.message)) {
    if (code === DISK_FULL)
      return new AppError('database_unavailable', `The database has no room: ${reason}`, {
        cause: error,
      });
    return new AppError('database_unavailable', `Cannot reach the database: ${reason}`, {
      cause: error,
    });
  }
  return null;
}
