/** Who makes a request, once it is known. */
import type { Role } from '../../contract/api.ts';

export type Caller =
  | { readonly via: 'nothing'; readonly name: '' }
  | { readonly via: 'key'; readonly name: string; readonly role: Role }
  | {
      readonly via: 'session';
      readonly name: string;
      readonly role: Role;
      /** Hash of the token: the session's id in the database. */
      readonly tokenHash: string;
      readonly expiresAt: Date;
    };

export const NOBODY: Caller = { via: 'nothing', name: '' };
