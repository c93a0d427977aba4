/** Keys for sensors and scripts: made here, shown once, deleted here. */
import { useState } from 'react';
import type { ApiKey } from '../../../../src/contract/api.ts';
import { useKeyDeletion, useKeys } from '../../api/use-keys.ts';
import { useRights } from '../../api/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { ApiKeyForm } from './api-key-form.tsx';

export function ApiKeys() {
  const { mayAdminister } = useRights();
  const keys = useKeys(mayAdminister);
  return (
    <Panel title="API keys">
      {mayAdminister ? (
        <div className="grid gap-4">
          <Loaded query={keys} what="API keys">
            {(list) => <KeyTable keys={list} />}
          </Loaded>
          <ApiKeyForm />
        </div>
      ) : (
        <Empty title="For administrators">Ask one for a key to send packets or read alerts.</Empty>
      )}
    </Panel>
  );
}

function KeyTable({ keys }: { keys: readonly ApiKey[] }) {
  const [doomed, setDoomed] = useState<ApiKey | null>(null);
  if (keys.length === 0)
    return (
      <Empty title="No API keys yet">
        A remote sensor needs one with the role “sensor”; a script that reads alerts one with the
        role “viewer”.
      </Empty>
    );
  const columns: readonly Column<ApiKey>[] = [
    { header: 'Name', cell: ({ name }) => <VisibleText text={name} limit={64} />, grows: true },
    { header: 'Role', cell: ({ role }) => role },
    { header: 'Made', cell: ({ created_at }) => <Timestamp at={created_at} />, hideBelow: 'sm' },
    {
      header: 'Last used',
      cell: ({ last_used_at }) =>
        last_used_at ? <Timestamp at={last_used_at} relative /> : 'never',
      hideBelow: 'md',
    },
    {
      header: 'Delete',
      cell: (key) => (
        <Button aria-label={`Delete ${key.name}`} onClick={() => setDoomed(key)}>
          Delete
        </Button>
      ),
    },
  ];
  return (
    <>
      <DataTable caption="API keys" columns={columns} rows={keys} rowKey={({ id }) => id} />
      {doomed && <Deletion apiKey={doomed} onClose={() => setDoomed(null)} />}
    </>
  );
}

function Deletion({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const deletion = useKeyDeletion();
  return (
    <Dialog title="Delete this API key?" onClose={onClose}>
      <p>
        Whatever uses <strong>{apiKey.name}</strong> is refused from now on. A sensor keeps its
        packets in its spool until it has a new key.
      </p>
      {deletion.error && <ProblemNote error={deletion.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          look="danger"
          disabled={deletion.isPending}
          onClick={() => deletion.mutate(apiKey.id, { onSuccess: onClose })}
        >
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
