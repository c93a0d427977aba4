/** Blocking an address by hand. */
import { useState } from 'react';
import { BlockOrder } from '../../../../src/contract/api.ts';
import { useBlock } from '../../api/use-decisions.ts';
import { usePolicy } from '../../api/use-policy.ts';
import { formatDuration } from '../../format/time.ts';
import { Button } from '../../ui/button.tsx';
import { ChoiceField } from '../../ui/choice-field.tsx';
import { Field } from '../../ui/field.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';
import { ReasonField } from '../../ui/reason-field.tsx';
import { BLOCK_DURATIONS } from './block-durations.ts';

export function BlockForm({
  ip: givenIp = '',
  reason: givenReason = '',
  disabled = false,
  onDone,
  onCancel,
}: {
  ip?: string;
  reason?: string;
  disabled?: boolean;
  onDone?: () => void;
  onCancel?: () => void;
}) {
  const block = useBlock();
  const policy = usePolicy().data;
  const [ip, setIp] = useState(givenIp);
  const [seconds, setSeconds] = useState('');
  const [reason, setReason] = useState(givenReason);
  const isAddress = BlockOrder.shape.ip.safeParse(ip.trim()).success;
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        block.mutate(
          {
            ip: ip.trim(),
            ...(seconds && { duration_s: Number(seconds) }),
            ...(reason.trim() && { reason: reason.trim() }),
          },
          {
            onSuccess: () => {
              setIp('');
              setReason('');
              onDone?.();
            },
          },
        );
      }}
    >
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Address" problem={ip && !isAddress ? 'Not an IP address' : null}>
          {(control) => (
            <input
              {...control}
              className="field font-mono"
              required
              autoComplete="off"
              spellCheck={false}
              placeholder="203.0.113.7"
              value={ip}
              onChange={(event) => setIp(event.target.value)}
            />
          )}
        </Field>
        <ChoiceField
          label="For how long"
          value={seconds}
          choices={BLOCK_DURATIONS}
          first={`As the policy says${policy ? ` (${formatDuration(policy.block_seconds)})` : ''}`}
          onChange={setSeconds}
        />
      </div>
      <ReasonField value={reason} onChange={setReason} />
      {policy && !policy.armed && (
        <p className="text-simulated">
          The policy is not armed: the block will be recorded as simulated, not carried out.
        </p>
      )}
      {block.error && <ProblemNote error={block.error} />}
      <div className="flex justify-end gap-2">
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <Button
          type="submit"
          look="danger"
          disabled={disabled || !isAddress || block.isPending}
          title={disabled ? 'Your role may look, not act' : undefined}
        >
          {block.isPending ? 'Blocking…' : policy?.armed === false ? 'Block (simulated)' : 'Block'}
        </Button>
      </div>
    </form>
  );
}
