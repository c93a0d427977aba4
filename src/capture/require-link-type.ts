/** Frames that the decoder knows nothing of are no packets: said once, clearly, instead of row after empty row. */
import { isKnownLinkType } from '../core/wire/link-layer.ts';
import { AppError } from '../errors.ts';
import type { Frame, Source } from './source.ts';

/** @throws AppError `input_invalid` */
export function requireLinkType({ linkType }: Frame, source: Source): void {
  if (isKnownLinkType(linkType)) return;
  throw new AppError(
    'input_invalid',
    `Cannot decode link type ${linkType}: ${source.name} holds frames of it`,
  );
}
