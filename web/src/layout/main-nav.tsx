/** The way between pages: a column on wide screens, a row that scrolls on narrow ones. */
import { useEffect, useRef } from 'react';
import { NavLink, useLocation } from 'react-router';
import { useOverview } from '../api/use-overview.ts';
import { formatCompact } from '../format/number.ts';
import { Icon, type IconName } from '../ui/icon.tsx';

const ENTRIES: readonly { to: string; label: string; icon: IconName }[] = [
  { to: '/', label: 'Overview', icon: 'overview' },
  { to: '/alerts', label: 'Alerts', icon: 'alerts' },
  { to: '/packets', label: 'Packets', icon: 'packets' },
  { to: '/flows', label: 'Flows', icon: 'flows' },
  { to: '/lures', label: 'Lures', icon: 'lures' },
  { to: '/decisions', label: 'Decisions', icon: 'decisions' },
  { to: '/models', label: 'Models', icon: 'models' },
  { to: '/settings', label: 'Settings', icon: 'settings' },
];

export function MainNav() {
  const { pathname } = useLocation();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current
      ?.querySelector(`[href="${pathname}"]`)
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [pathname]);
  const openAlerts = useOverview(60).data?.open_alerts ?? 0;
  return (
    <nav aria-label="Main" className="lg:sticky lg:top-14">
      <ul ref={list} className="flex gap-0.5 overflow-x-auto px-2 py-1.5 lg:flex-col lg:p-2">
        {ENTRIES.map(({ to, label, icon }) => (
          <li key={to} className="shrink-0">
            <NavLink
              to={to}
              end={to === '/'}
              className={({ isActive }) =>
                `flex min-h-9 items-center gap-2 rounded-md px-2 py-1 font-medium sm:px-2.5 -outline-offset-2 ${
                  isActive || (to === '/packets' && pathname === '/alltraffic_page')
                    ? 'bg-raised text-ink shadow-[inset_0_-2px_0_var(--accent)] lg:shadow-[inset_2px_0_0_var(--accent)]'
                    : 'text-muted hover:bg-raised hover:text-ink'
                }`
              }
            >
              <span className="max-sm:hidden">
                <Icon name={icon} />
              </span>
              {label}
              {to === '/alerts' && openAlerts > 0 && (
                <span className="ml-auto rounded bg-critical/15 px-1.5 font-semibold text-critical text-xs">
                  {formatCompact(openAlerts)}
                  <span className="sr-only"> open</span>
                </span>
              )}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
