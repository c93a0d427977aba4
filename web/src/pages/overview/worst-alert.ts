/** Which of the open alerts to look at first. */
import { type Alert, Severity } from '../../../../src/contract/alert.ts';
import { DEMO_SENSOR } from '../../../../src/contract/demo-sensor.ts';

/** The most severe; among equals the one that was active last. What the demo shows comes after all that is real. */
export function worstAlert(alerts: readonly Alert[]): Alert | null {
  return alerts.reduce<Alert | null>(
    (worst, alert) => (worst === null || compare(alert, worst) < 0 ? alert : worst),
    null,
  );
}

function compare(a: Alert, b: Alert): number {
  const order = Severity.options;
  const isDemo = ({ sensor_id }: Alert) => Number(sensor_id === DEMO_SENSOR);
  return (
    isDemo(a) - isDemo(b) ||
    order.indexOf(a.severity) - order.indexOf(b.severity) ||
    b.last_seen - a.last_seen
  );
}
