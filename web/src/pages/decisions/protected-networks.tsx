/** The never-block list: no decision, by machine or by hand, reaches these addresses. */
import { useState } from 'react';
import type { ProtectedNetwork } from '../../../../src/contract/api.ts';
import { useProtect, useProtected, useUnprotect } from '../../api/use-protected.ts';
import { useRights } from '../../api/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Field } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

export function ProtectedNetworks() {
  const { mayAdminister } = useRights();
  return (
    <Panel title="Protected networks: never blocked">
      <div className="grid gap-4">
        <Loaded query={useProtected()} what="protected networks">
          {(networks) => <List networks={networks} mayChange={mayAdminister} />}
        </Loaded>
        {mayAdminister && <Addition />}
      </div>
    </Panel>
  );
}

function List({
  networks,
  mayChange,
}: {
  networks: readonly ProtectedNetwork[];
  mayChange: boolean;
}) {
  const unprotect = useUnprotect();
  if (networks.length === 0)
    return (
      <Empty title="Nothing is protected">
        Add your own address and your gateway before you arm the policy.
      </Empty>
    );
  const columns: readonly Column<ProtectedNetwork>[] = [
    { header: 'Network', cell: ({ cidr }) => <code>{cidr}</code> },
    {
      header: 'Why',
      cell: ({ reason }) => <VisibleText text={reason} limit={200} prose />,
      grows: true,
    },
    {
      header: 'Remove',
      cell: ({ cidr, removable }) =>
        removable ? (
          <Button
            disabled={!mayChange || unprotect.isPending}
            title={mayChange ? undefined : 'Only an administrator may change this'}
            aria-label={`Remove ${cidr}`}
            onClick={() => unprotect.mutate(cidr)}
          >
            Remove
          </Button>
        ) : (
          <span className="text-muted text-xs">automatic</span>
        ),
    },
  ];
  return (
    <>
      <DataTable
        caption="Protected networks"
        columns={columns}
        rows={networks}
        rowKey={({ cidr }) => cidr}
      />
      {unprotect.error && <ProblemNote error={unprotect.error} />}
    </>
  );
}

function Addition() {
  const protect = useProtect();
  const [cidr, setCidr] = useState('');
  const [reason, setReason] = useState('');
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        protect.mutate(
          { cidr: cidr.trim(), reason: reason.trim() },
          {
            onSuccess: () => {
              setCidr('');
              setReason('');
            },
          },
        );
      }}
    >
      <div className="flex flex-wrap items-end gap-2">
        <Field label="Address or network">
          {(control) => (
            <input
              {...control}
              className="field w-44 font-mono"
              required
              autoComplete="off"
              spellCheck={false}
              placeholder="192.0.2.0/24"
              value={cidr}
              onChange={(event) => setCidr(event.target.value)}
            />
          )}
        </Field>
        <Field label="Why" className="min-w-40 flex-1">
          {(control) => (
            <input
              {...control}
              className="field"
              required
              maxLength={200}
              placeholder="office uplink"
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" disabled={protect.isPending}>
          Protect
        </Button>
      </div>
      {protect.error && <ProblemNote error={protect.error} />}
    </form>
  );
}
