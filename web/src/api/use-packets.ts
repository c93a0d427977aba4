import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { PacketPage } from '../../../src/contract/api.ts';
import { get } from './client.ts';

const PATH = '/api/v1/packets';
const TAIL_ROWS = 100;

export interface PacketFilters {
  src_ip?: string | undefined;
  dst_ip?: string | undefined;
  protocol?: string | undefined;
  attack_type?: string | undefined;
  malicious?: string | undefined;
}

/** Pages of packets, newest first. */
export function usePackets(filters: PacketFilters) {
  return useInfiniteQuery({
    queryKey: ['packets', 'pages', filters],
    queryFn: ({ pageParam, signal }) =>
      get(PATH, { ...filters, limit: 100, before: pageParam }, PacketPage, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** The newest packets alone; live traffic events have it read again. */
export function usePacketTail(filters: PacketFilters) {
  return useQuery({
    queryKey: ['packets', 'tail', filters],
    queryFn: ({ signal }) => get(PATH, { ...filters, limit: TAIL_ROWS }, PacketPage, signal),
  });
}
