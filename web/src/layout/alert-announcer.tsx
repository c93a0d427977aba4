/** Tells screen readers of a newly raised alert, once each; growing ones stay silent. */
import { useEffect, useRef, useState } from 'react';
import { labelOf } from '../format/label.ts';
import { useLive } from '../live/live-provider.tsx';

/** Ids remembered; the oldest are forgotten first. */
const MAX_KNOWN = 500;

export function AlertAnnouncer() {
  const { alert } = useLive();
  const known = useRef(new Set<string>());
  const [text, setText] = useState('');
  useEffect(() => {
    if (!alert || known.current.has(alert.id)) return;
    known.current.add(alert.id);
    if (known.current.size > MAX_KNOWN) {
      const [oldest] = known.current;
      if (oldest !== undefined) known.current.delete(oldest);
    }
    setText(
      `${alert.severity} alert: ${labelOf(alert.alert_type)} from ${alert.source_ip ?? 'many sources'}`,
    );
  }, [alert]);
  return (
    <p aria-live="polite" className="sr-only">
      {text}
    </p>
  );
}
