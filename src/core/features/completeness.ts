/** How much of what belonged to a row was counted there: 0 to 1, never more than is true. */
import type { WindowScope } from '../../contract/window.ts';
import { NETWORK_ROW, rowOf } from './entity-table.ts';
import type { WindowState } from './window-state.ts';

/**
 * Packets counted in the window over those and the lost ones; times, for an entity that had no row for some
 * time, packets counted in its row over those and the ones it may have missed.
 */
export function completenessOf(state: WindowState, scope: WindowScope, entity: number): number {
  const counted = state.rows.packets(NETWORK_ROW);
  const whole = counted / (counted + state.lost + state.distinct.overflowed);
  if (scope === 'network') return whole;
  const own = state.rows.packets(rowOf(scope, entity));
  const { admission } = state;
  const missed =
    scope === 'source' ? admission.missedSent(entity) : admission.missedReceived(entity);
  return (whole * own) / (own + missed);
}
