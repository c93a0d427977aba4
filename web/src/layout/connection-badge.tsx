/** Whether what is on screen is current. */
import { useEffect, useState } from 'react';
import type { ConnectionState } from '../live/event-stream.ts';
import { useLive } from '../live/live-provider.tsx';
import { Badge, type Tone } from '../ui/badge.tsx';

const LOOKS: Record<ConnectionState, { tone: Tone; text: string; title: string }> = {
  connecting: { tone: 'medium', text: '◌ Connecting', title: 'Opening the live stream' },
  live: { tone: 'ok', text: '● Live', title: 'Events arrive as they happen' },
  reconnecting: {
    tone: 'high',
    text: '○ Reconnecting',
    title: 'The live stream is broken: what you see may be out of date',
  },
};

export function ConnectionBadge() {
  const { state } = useLive();
  const isOnline = useOnline();
  const { tone, text, title } = LOOKS[state];
  return (
    <span role="status" aria-label={`Live stream: ${isOnline ? text.slice(2) : 'offline'}`}>
      {isOnline ? (
        <Badge tone={tone} title={title}>
          {text}
        </Badge>
      ) : (
        <Badge tone="critical" title="This computer has no network">
          ✕ Offline
        </Badge>
      )}
    </span>
  );
}

function useOnline(): boolean {
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    window.addEventListener('online', update);
    window.addEventListener('offline', update);
    return () => {
      window.removeEventListener('online', update);
      window.removeEventListener('offline', update);
    };
  }, []);
  return isOnline;
}
