/** The thresholds: below the first nothing, from it on an alert, from the second on a block. */
import { useState } from 'react';
import { Policy } from '../../../../src/contract/api.ts';
import { usePolicyChange, usePolicyPreview } from '../../api/use-policy.ts';
import { useRights } from '../../api/use-session.ts';
import { formatDuration } from '../../format/time.ts';
import { Button } from '../../ui/button.tsx';
import { ChangePreviewView } from '../../ui/change-preview.tsx';
import { Field } from '../../ui/field.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';

export function PolicyForm({ policy }: { policy: Policy }) {
  const change = usePolicyChange();
  const preview = usePolicyPreview();
  const { mayAct, mayAdminister } = useRights();
  const [alertAt, setAlertAt] = useState(String(policy.alert_threshold));
  const [blockAt, setBlockAt] = useState(String(policy.block_threshold));
  const [seconds, setSeconds] = useState(String(policy.block_seconds));
  const wanted = {
    armed: policy.armed,
    alert_threshold: Number(alertAt),
    block_threshold: Number(blockAt),
    block_seconds: Number(seconds),
  };
  const { alert_threshold, block_threshold } = wanted;
  /** Other thresholds are saved when it was seen what they would have done. */
  const isPreviewed =
    preview.variables?.alert_threshold === alert_threshold &&
    preview.variables.block_threshold === block_threshold;
  const isValid = Policy.safeParse(wanted).success;
  const isOrdered = wanted.alert_threshold <= wanted.block_threshold;
  const isMoved =
    wanted.alert_threshold !== policy.alert_threshold ||
    wanted.block_threshold !== policy.block_threshold;
  const isChanged = isMoved || wanted.block_seconds !== policy.block_seconds;
  const isUnseen = isMoved && !(isPreviewed && preview.data);
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate(wanted);
      }}
    >
      <div className="grid gap-3 sm:grid-cols-3">
        <Threshold label="Alert from (0 to 1)" value={alertAt} onChange={setAlertAt} />
        <Threshold
          label="Block from (0 to 1)"
          value={blockAt}
          onChange={setBlockAt}
          problem={isOrdered ? null : 'Below the alert threshold'}
        />
        <Field
          label="Block for (s)"
          hint={Number(seconds) > 0 ? formatDuration(Number(seconds)) : ''}
        >
          {(control) => (
            <input
              {...control}
              className="field"
              type="number"
              min={1}
              max={31_536_000}
              step={1}
              required
              value={seconds}
              onChange={(event) => setSeconds(event.target.value)}
            />
          )}
        </Field>
      </div>
      {preview.error && <ProblemNote error={preview.error} />}
      {preview.data && isPreviewed && <ChangePreviewView preview={preview.data} />}
      {change.error && <ProblemNote error={change.error} />}
      <div className="flex items-center justify-end gap-3">
        {!mayAdminister && (
          <span className="text-muted text-xs">Only an administrator may change the policy.</span>
        )}
        <Button
          disabled={!mayAct || !isValid || !isOrdered || preview.isPending}
          onClick={() => preview.mutate({ alert_threshold, block_threshold })}
        >
          {preview.isPending ? 'Looking…' : 'Preview'}
        </Button>
        <Button
          type="submit"
          disabled={
            !mayAdminister || !isValid || !isOrdered || !isChanged || isUnseen || change.isPending
          }
          title={isUnseen ? 'Look at the preview first' : undefined}
        >
          {change.isPending ? 'Saving…' : 'Save thresholds'}
        </Button>
      </div>
    </form>
  );
}

function Threshold({
  label,
  value,
  problem = null,
  onChange,
}: {
  label: string;
  value: string;
  problem?: string | null;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label} problem={problem}>
      {(control) => (
        <input
          {...control}
          className="field"
          type="number"
          min={0}
          max={1}
          step={0.01}
          required
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
