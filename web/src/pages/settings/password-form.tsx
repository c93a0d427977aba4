/** Changing one's own password. */
import { useState } from 'react';
import { usePasswordChange, useSession } from '../../api/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';

const MIN_LENGTH = 12;

export function PasswordForm() {
  const change = usePasswordChange();
  const username = useSession().data?.username ?? '';
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const isLong = next.length >= MIN_LENGTH;
  const isSame = next === again;
  return (
    <Panel title="Password">
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(
            { current, next },
            {
              onSuccess: () => {
                setCurrent('');
                setNext('');
                setAgain('');
              },
            },
          );
        }}
      >
        <input
          type="text"
          className="hidden"
          autoComplete="username"
          value={username}
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        <Secret
          label="Current password"
          complete="current-password"
          value={current}
          onChange={setCurrent}
        />
        <Secret
          label="New password"
          complete="new-password"
          hint={`At least ${MIN_LENGTH} characters`}
          problem={next && !isLong ? `${MIN_LENGTH - next.length} more characters needed` : null}
          value={next}
          onChange={setNext}
        />
        <Secret
          label="New password again"
          complete="new-password"
          problem={again && !isSame ? 'Not the same' : null}
          value={again}
          onChange={setAgain}
        />
        {change.error && <ProblemNote error={change.error} />}
        {change.isSuccess && (
          <p role="status" className="text-ok">
            ✓ Password changed
          </p>
        )}
        <Button type="submit" disabled={!current || !isLong || !isSame || change.isPending}>
          {change.isPending ? 'Changing…' : 'Change password'}
        </Button>
      </form>
    </Panel>
  );
}

function Secret({
  label,
  complete,
  hint,
  problem = null,
  value,
  onChange,
}: {
  label: string;
  complete: 'current-password' | 'new-password';
  hint?: string;
  problem?: string | null;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label} problem={problem} {...(hint && { hint })}>
      {(control) => (
        <input
          {...control}
          className="field"
          type="password"
          autoComplete={complete}
          required
          maxLength={1024}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
