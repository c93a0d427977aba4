import { Link } from 'react-router';
import { useAlerts } from '../../api/use-alerts.ts';
import { Empty } from '../../ui/empty.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { AlertTable } from '../alerts/alert-table.tsx';

const SHOWN = 8;

/** The alerts that were active last, whatever their state. */
export function RecentAlerts() {
  return (
    <Loaded query={useAlerts({})} what="alerts">
      {({ pages }) => {
        const alerts = pages[0]?.alerts.slice(0, SHOWN) ?? [];
        if (alerts.length === 0)
          return (
            <Empty title="No alerts yet">
              They appear here as they are raised. To see how they look, start with{' '}
              <code>npm start -- --demo</code>.
            </Empty>
          );
        return (
          <>
            <AlertTable alerts={alerts} caption="Recent alerts" />
            <p className="pt-2 text-right">
              <Link to="/alerts" className="text-accent hover:underline">
                All alerts
              </Link>
            </p>
          </>
        );
      }}
    </Loaded>
  );
}
