/** Takes a block back; nothing to offer where it is already over. */
import type { Decision } from '../../../../src/contract/decision.ts';
import { useUnblock } from '../../api/use-decisions.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';

const REMOVABLE: readonly Decision['state'][] = ['active', 'pending', 'simulated'];

export function UnblockButton({
  decision,
  disabled = false,
}: {
  decision: Decision;
  disabled?: boolean;
}) {
  const unblock = useUnblock();
  if (!REMOVABLE.includes(decision.state)) return null;
  return (
    <div className="grid justify-items-start gap-2">
      <Button
        disabled={disabled || unblock.isPending}
        title={disabled ? 'Your role may look, not act' : undefined}
        aria-label={`${decision.simulated ? 'Remove' : 'Unblock'} ${decision.ip}`}
        onClick={() => unblock.mutate(decision.id)}
      >
        {unblock.isPending ? 'Removing…' : decision.simulated ? 'Remove' : 'Unblock'}
      </Button>
      {unblock.error && <ProblemNote error={unblock.error} />}
    </div>
  );
}
