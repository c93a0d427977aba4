/** Holds the live stream open while somebody is signed in and tells components its state and its latest events. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import type { Alert } from '../../../src/contract/alert.ts';
import { createEventApplier } from './apply-event.ts';
import { type ConnectionState, openEventStream } from './event-stream.ts';

interface Live {
  readonly state: ConnectionState;
  /** The last alert that was raised or grew, for the announcement to screen readers. */
  readonly alert: Alert | null;
}

const LiveContext = createContext<Live>({ state: 'connecting', alert: null });

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<ConnectionState>('connecting');
  const [alert, setAlert] = useState<Alert | null>(null);

  useEffect(() => {
    const apply = createEventApplier(client);
    return openEventStream({
      onEvent: (event) => {
        apply(event);
        if (event.type === 'alert') setAlert(event.data);
      },
      onState: setState,
      onGap: () => void client.invalidateQueries(),
      onRefused: () => void client.invalidateQueries({ queryKey: ['session'] }),
    });
  }, [client]);

  return <LiveContext value={{ state, alert }}>{children}</LiveContext>;
}

export function useLive(): Live {
  return useContext(LiveContext);
}
