/** Every failure an operator or an API client can meet, in one table. docs/errors.md lists the same codes; a test compares. */
const ERRORS = {
  invalid_request: { status: 400, exit: 2, title: 'The request is not valid' },
  unauthenticated: { status: 401, exit: 2, title: 'Sign in or give an API key' },
  forbidden: { status: 403, exit: 2, title: 'Your role does not allow this' },
  not_found: { status: 404, exit: 2, title: 'There is no such thing' },
  not_reproduced: { status: 409, exit: 1, title: 'It does not come out the same again' },
  conflict: { status: 409, exit: 1, title: 'This conflicts with the current state' },
  too_large: { status: 413, exit: 2, title: 'The body is larger than allowed' },
  rate_limited: { status: 429, exit: 1, title: 'Too many requests' },
  overloaded: { status: 503, exit: 1, title: 'The server cannot take more now' },
  usage: { status: 400, exit: 2, title: 'Wrong usage' },
  config_invalid: { status: 500, exit: 2, title: 'The configuration is not valid' },
  input_invalid: { status: 400, exit: 2, title: 'The input is not what it should be' },
  capture_damaged: { status: 400, exit: 1, title: 'The capture is damaged' },
  capture_unavailable: { status: 500, exit: 1, title: 'Live capture is not possible here' },
  port_taken: { status: 500, exit: 1, title: 'The port is taken' },
  server_unavailable: { status: 503, exit: 1, title: 'The server cannot be reached' },
  database_unavailable: { status: 503, exit: 1, title: 'The database cannot be reached' },
  firewall_unavailable: { status: 503, exit: 1, title: 'The firewall cannot be changed here' },
  protected_address: { status: 409, exit: 1, title: 'The address is on the never-block list' },
  model_unavailable: { status: 503, exit: 1, title: 'There is no model to ask' },
  model_incompatible: { status: 500, exit: 2, title: 'The model does not fit this version' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

/** A failure with a stable `code`. Anything else that is thrown is a bug and is reported as such. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The HTTP status a server answers with. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** The exit code a command ends with. */
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  /** The same for every occurrence of the code; the message says what happened this time. */
  get title(): string {
    return ERRORS[this.code].title;
  }
}

const FILE_TROUBLES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EACCES: 'this user may not',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/** Why a file could not be read or written, for the end of a sentence that names it. */
export function fileTrouble(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return FILE_TROUBLES[code ?? ''] ?? message;
}
