/** Who may call what: viewer < analyst < admin; a sensor may ship packets and nothing else. */
import type { Role } from '../../contract/api.ts';

/** What a route asks for. `sensor`: a sensor's key, or an administrator. */
export type Access = 'public' | Role;

const RANK = { viewer: 1, analyst: 2, admin: 3, sensor: 0 } as const satisfies Record<Role, number>;

export function allows(access: Access, role: Role): boolean {
  if (access === 'public') return true;
  if (access === 'sensor') return role === 'sensor' || role === 'admin';
  return RANK[role] >= RANK[access];
}
