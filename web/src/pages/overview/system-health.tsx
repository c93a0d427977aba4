/** What works and what does not, with the reasons that the server gives. */
import type { Health } from '../../../../src/contract/api.ts';
import { useHealth } from '../../api/use-health.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';

type Part = readonly [name: string, tone: Tone, state: string];

export function SystemHealth() {
  const health = useHealth();
  // What it said before it fell silent must not stand below that.
  const query = health.error ? { ...health, data: undefined } : health;
  return (
    <div id="health">
      <Loaded query={query} what="health">
        {(health) => (
          <div className="grid gap-3">
            <dl className="grid grid-cols-[1fr_auto] items-center gap-y-1.5">
              {partsOf(health).map(([name, tone, state]) => (
                <div key={name} className="contents">
                  <dt>{name}</dt>
                  <dd>
                    <Badge tone={tone}>{state}</Badge>
                  </dd>
                </div>
              ))}
            </dl>
            {health.reasons.length > 0 && (
              <div>
                <h3 className="font-semibold">What needs attention</h3>
                <ul className="list-disc pl-4">
                  {health.reasons.map((reason) => (
                    <li key={reason} className="break-words">
                      {reason}
                    </li>
                  ))}
                </ul>
              </div>
            )}
            <p className="text-muted text-xs">
              Version {health.version}, as of <Timestamp at={health.timestamp} />
            </p>
          </div>
        )}
      </Loaded>
    </div>
  );
}

function partsOf(health: Health): Part[] {
  return [
    [
      'Overall',
      health.status === 'ok' ? 'ok' : health.status === 'degraded' ? 'high' : 'critical',
      health.status === 'ok' ? '✓ Healthy' : health.status === 'degraded' ? '! Degraded' : '✕ Down',
    ],
    health.database === 'ok'
      ? ['Database', 'ok', '✓ Reachable']
      : ['Database', 'critical', '✕ Not reachable'],
    health.capture === 'running'
      ? ['Live capture', 'ok', '✓ Running']
      : health.capture === 'off'
        ? ['Live capture', 'neutral', '– Off']
        : ['Live capture', 'high', '! Not permitted'],
    health.model_loaded
      ? ['Detection model', 'ok', '✓ Loaded']
      : ['Detection model', 'high', '! Not loaded'],
    health.enforcer === 'armed'
      ? ['Enforcer', 'ok', '✓ Armed']
      : health.enforcer === 'simulated'
        ? ['Enforcer', 'simulated', 'Simulated']
        : ['Enforcer', 'high', '! Unavailable'],
  ];
}
