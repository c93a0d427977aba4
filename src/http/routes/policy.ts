/** When to alert, when to block, and whether blocks are real. */
import { Policy } from '../../contract/api.ts';
import { ChangePreview, PolicyPreviewOrder } from '../../contract/preview.ts';
import { readPolicy, writePolicy } from '../../store/policy.ts';
import { previewPolicy } from '../../store/previews.ts';
import { InvalidRequest } from '../invalid-request.ts';
import { route } from '../route.ts';

const PATH = '/api/v1/policy';

export const getPolicy = route({
  method: 'GET',
  path: PATH,
  access: 'viewer',
  summary: 'The decision policy',
  reply: Policy,
  handle: ({ services }) => readPolicy(services.db),
});

export const putPolicy = route({
  method: 'PUT',
  path: PATH,
  access: 'admin',
  summary: 'Set the decision policy; `armed` makes blocks real',
  body: Policy,
  reply: Policy,
  async handle({ services, body, caller }) {
    if (body.block_threshold < body.alert_threshold)
      throw new InvalidRequest([
        { pointer: '#/block_threshold', detail: 'Expected at least alert_threshold' },
      ]);
    await writePolicy(services.db, body);
    services.log.warn({ by: caller.name, policy: body }, 'policy changed');
    return body;
  },
});

export const postPolicyPreview = route({
  method: 'POST',
  path: `${PATH}/preview`,
  access: 'analyst',
  summary:
    'What other thresholds would have hidden, raised, blocked and unblocked in the last days; changes nothing',
  body: PolicyPreviewOrder,
  reply: ChangePreview,
  handle: ({ services, body: { days, ...change } }) => previewPolicy(services.db, change, days),
});
