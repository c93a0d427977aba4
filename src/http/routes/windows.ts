/** The newest windows with their features. */
import { z } from 'zod';
import { WINDOW_FEATURES } from '../../contract/features.ts';
import { WINDOW_SIZES } from '../../contract/window.ts';
import { latestWindows } from '../../store/windows.ts';
import { route } from '../route.ts';

const WindowQuery = z.object({
  window_size: z.coerce.number().pipe(z.literal(WINDOW_SIZES)).default(5),
  scope: z.enum(['network', 'source', 'target']).optional(),
  entity: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});

const features = WINDOW_FEATURES.map(({ name, doc }) => [name, z.number().describe(doc)] as const);

const WindowList = z.object({
  windows: z.array(
    z.object({
      window_size: z.literal(WINDOW_SIZES),
      window_start: z.number(),
      window_end: z.number(),
      scope: z.enum(['network', 'source', 'target']),
      entity: z.string(),
      sensor_id: z.string(),
      completeness: z.number(),
      predicted_label: z.string().nullable(),
      confidence: z.number().nullable(),
      threat_score: z.number().nullable(),
      ...Object.fromEntries(features),
    }),
  ),
});

export const getWindows = route({
  method: 'GET',
  path: '/api/v1/windows',
  access: 'viewer',
  summary: 'The newest windows of one size, with all features',
  query: WindowQuery,
  reply: WindowList,
  handle: async ({ services, query }) => ({ windows: await latestWindows(services.db, query) }),
});

/** Kept from the older system. */
export const getFeatures = route({
  method: 'GET',
  path: '/api/features',
  access: 'viewer',
  summary: 'The newest windows of one size, with all features',
  query: WindowQuery,
  reply: WindowList,
  handle: async ({ services, query }) => ({ windows: await latestWindows(services.db, query) }),
});
