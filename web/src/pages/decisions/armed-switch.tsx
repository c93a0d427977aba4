/** The switch between simulated and real blocks. Both ways ask first and say what will change. */
import { useState } from 'react';
import type { Policy } from '../../../../src/contract/api.ts';
import { useHealth } from '../../api/use-health.ts';
import { usePolicyChange } from '../../api/use-policy.ts';
import { useRights } from '../../api/use-session.ts';
import { formatShare } from '../../format/number.ts';
import { formatDuration } from '../../format/time.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';

export function ArmedSwitch({ policy }: { policy: Policy }) {
  const [isAsking, setAsking] = useState(false);
  const { mayAdminister } = useRights();
  return (
    <div className="flex flex-wrap items-center justify-between gap-2">
      <p className={`flex items-start gap-2 ${policy.armed ? 'text-ok' : 'text-simulated'}`}>
        <span className="mt-0.5">
          <Icon name={policy.armed ? 'block' : 'ghost'} size={18} />
        </span>
        <span>
          <strong>{policy.armed ? 'Armed' : 'Simulated'}</strong>
          <span className="block text-muted text-xs">
            {policy.armed
              ? 'Blocks are carried out by the firewall.'
              : 'Blocks are recorded and shown, not carried out.'}
          </span>
        </span>
      </p>
      <button
        type="button"
        role="switch"
        aria-checked={policy.armed}
        aria-label="Carry out blocks"
        disabled={!mayAdminister}
        title={mayAdminister ? undefined : 'Only an administrator may change this'}
        onClick={() => setAsking(true)}
        className={`flex h-7 w-13 items-center rounded-full border px-1 disabled:opacity-55 ${
          policy.armed ? 'justify-end border-ok bg-ok/25' : 'justify-start border-control bg-raised'
        }`}
      >
        <span className={`size-4.5 rounded-full ${policy.armed ? 'bg-ok' : 'bg-control'}`} />
      </button>
      {isAsking && <Confirmation policy={policy} onClose={() => setAsking(false)} />}
    </div>
  );
}

function Confirmation({ policy, onClose }: { policy: Policy; onClose: () => void }) {
  const change = usePolicyChange();
  const enforcer = useHealth().data?.enforcer;
  const [isUnderstood, setUnderstood] = useState(false);
  const arming = !policy.armed;
  return (
    <Dialog title={arming ? 'Arm: block for real?' : 'Disarm: only simulate?'} onClose={onClose}>
      {arming ? (
        <>
          <p>
            From now on, every source judged with a confidence of at least{' '}
            <strong>{formatShare(policy.block_threshold)}</strong> is cut off by the firewall for{' '}
            <strong>{formatDuration(policy.block_seconds)}</strong>, without asking anybody.
            Protected networks are never blocked: check below that your own address is among them.
          </p>
          {enforcer === 'unavailable' && (
            <p className="text-high">
              The enforcer is not available now: blocks will be refused until it is.
            </p>
          )}
          <label className="flex items-start gap-2">
            <input
              type="checkbox"
              className="mt-1 accent-(--accent)"
              checked={isUnderstood}
              onChange={(event) => setUnderstood(event.target.checked)}
            />
            I understand that real traffic will be cut off.
          </label>
        </>
      ) : (
        <p>
          New blocks will be recorded as simulated and <strong>not</strong> carried out. Blocks that
          are active now stay until they expire or are taken back.
        </p>
      )}
      {change.error && <ProblemNote error={change.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          look={arming ? 'danger' : 'primary'}
          disabled={(arming && !isUnderstood) || change.isPending}
          onClick={() => change.mutate({ ...policy, armed: arming }, { onSuccess: onClose })}
        >
          {arming ? 'Arm' : 'Disarm'}
        </Button>
      </div>
    </Dialog>
  );
}
