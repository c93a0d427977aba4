/** What the models say of window vectors that a client brings. */
import { z } from 'zod';
import { WINDOW_FEATURES } from '../../contract/features.ts';
import { AppError } from '../../errors.ts';
import { route } from '../route.ts';

/** 64 KiB of body hold about thirty vectors with all their names. */
const MAX_VECTORS = 64;

const Vector = z.strictObject(
  Object.fromEntries(WINDOW_FEATURES.map(({ name, doc }) => [name, z.number().describe(doc)])),
);

const Prediction = z.object({
  label: z.string(),
  confidence: z.number().min(0).max(1),
  threat_score: z.number().min(0).max(1),
});

export const postPredict = route({
  method: 'POST',
  path: '/predict',
  access: 'viewer',
  summary: 'Judge one window vector, or an array of them; answered in kind',
  body: z.union([Vector, z.array(Vector).min(1).max(MAX_VECTORS)]),
  reply: z.union([Prediction, z.array(Prediction)]),
  async handle({ services, body }) {
    const vectors = Array.isArray(body) ? body : [body];
    const verdicts = await services.predict(
      vectors.map((vector) => Float64Array.from(WINDOW_FEATURES, ({ name }) => vector[name] ?? 0)),
    );
    if (!verdicts)
      throw new AppError('model_unavailable', 'Cannot judge windows: no model is loaded');
    const predictions = verdicts.map(({ label, confidence, threatScore }) => ({
      label,
      confidence,
      threat_score: threatScore,
    }));
    const [first] = predictions;
    return Array.isArray(body) || first === undefined ? predictions : first;
  },
});
