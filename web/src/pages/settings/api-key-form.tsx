/** Makes an API key and shows its secret this once. */
import { useState } from 'react';
import { Role } from '../../../../src/contract/api.ts';
import { useKeyCreation } from '../../api/use-keys.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';

const MEANINGS: Record<Role, string> = {
  sensor: 'sensor: may only send packets',
  viewer: 'viewer: may read',
  analyst: 'analyst: may triage and block',
  admin: 'admin: may do everything',
};

export function ApiKeyForm() {
  const creation = useKeyCreation();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('sensor');
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        creation.mutate({ name: name.trim(), role }, { onSuccess: () => setName('') });
      }}
    >
      <div className="flex flex-wrap items-end gap-2">
        <Field label="Name" className="min-w-36 flex-1">
          {(control) => (
            <input
              {...control}
              className="field"
              required
              maxLength={64}
              placeholder="dmz-sensor"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Role">
          {(control) => (
            <select
              {...control}
              className="field"
              value={role}
              onChange={(event) => setRole(Role.parse(event.target.value))}
            >
              {Object.entries(MEANINGS).map(([value, meaning]) => (
                <option key={value} value={value}>
                  {meaning}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Button type="submit" disabled={!name.trim() || creation.isPending}>
          Make a key
        </Button>
      </div>
      {creation.error && <ProblemNote error={creation.error} />}
      {creation.data && (
        <Secret
          name={creation.data.key.name}
          secret={creation.data.secret}
          onClose={() => creation.reset()}
        />
      )}
    </form>
  );
}

function Secret({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  };
  return (
    <Dialog title={`API key ${name}`} onClose={onClose}>
      <p>Copy it now: it is stored as a hash only and cannot be shown again.</p>
      <code className="select-all break-all rounded border border-control bg-bg p-2">{secret}</code>
      <p role="status" className="text-muted text-xs">
        {copied === true && 'Copied.'}
        {copied === false &&
          'The browser did not allow copying: select the key and copy it by hand.'}
      </p>
      <div className="flex justify-end gap-2">
        <Button onClick={() => void copy()}>Copy</Button>
        <Button look="primary" onClick={onClose}>
          I have it
        </Button>
      </div>
    </Dialog>
  );
}
