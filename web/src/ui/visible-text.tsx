/** Text that an attacker may have written, with acting characters shown as marks (see format/visible-text.ts). */
import { visibleParts } from '../format/visible-text.ts';

export function VisibleText({
  text,
  limit,
  prose = false,
}: {
  text: string;
  limit?: number;
  /** Our own sentence that may quote an attacker: in the page's typeface. */
  prose?: boolean;
}) {
  return (
    <span className={prose ? 'hostile-prose' : 'hostile'}>
      {visibleParts(text, limit).map((part, index) =>
        part.mark === null ? (
          part.text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one fixed text never move.
          <span key={index} className="control-character" title={part.mark}>
            {part.text}
          </span>
        ),
      )}
    </span>
  );
}
