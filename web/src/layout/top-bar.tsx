/** Always in sight: is it live, is it armed, is it well, who am I. */
import { useEffect } from 'react';
import { Link } from 'react-router';
import { useHealth } from '../api/use-health.ts';
import { useSession, useSignOut } from '../api/use-session.ts';
import { useLive } from '../live/live-provider.tsx';
import { Badge, type Tone } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { ConnectionBadge } from './connection-badge.tsx';
import { EnforcementBadge } from './enforcement-badge.tsx';

const HEALTH_TONES = { ok: 'ok', degraded: 'high', down: 'critical' } as const satisfies Record<
  string,
  Tone
>;

export function TopBar() {
  const session = useSession().data;
  const signOut = useSignOut();
  return (
    <header className="sticky top-0 z-20 flex min-h-14 flex-wrap items-center gap-x-3 gap-y-1 border-line border-b bg-surface px-3 py-1.5">
      <Link to="/" className="flex items-center gap-2 font-semibold text-base">
        <img src="/favicon.svg" alt="" width="24" height="24" />
        PhantomNet
      </Link>
      <div className="flex flex-wrap items-center gap-1.5 max-sm:order-last max-sm:w-full">
        <ConnectionBadge />
        <EnforcementBadge />
        <HealthBadge />
      </div>
      <div className="ml-auto flex items-center gap-1">
        {session && (
          <span className="text-muted">
            <span className="max-sm:sr-only">{session.username} · </span>
            {session.role}
          </span>
        )}
        <Button look="quiet" onClick={() => signOut.mutate()} disabled={signOut.isPending}>
          Sign out
        </Button>
      </div>
    </header>
  );
}

function HealthBadge() {
  const { data, error, refetch } = useHealth();
  const { state } = useLive();
  // A broken stream may be a server that is gone: not shown as healthy until the next round.
  useEffect(() => {
    if (state !== 'connecting') void refetch();
  }, [state, refetch]);
  if (error) return <Badge tone="critical">✕ Server not reached</Badge>;
  if (!data) return null;
  const count = data.reasons.length;
  return (
    <Link to="/#health" title={data.reasons.join('\n') || 'Everything works'}>
      <Badge tone={HEALTH_TONES[data.status]}>
        {data.status === 'ok' ? '✓ Healthy' : `! ${data.status === 'down' ? 'Down' : 'Degraded'}`}
        {count > 0 && ` (${count})`}
      </Badge>
    </Link>
  );
}
