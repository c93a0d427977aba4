/** The block form for an address already at hand. */
import { Dialog } from '../../ui/dialog.tsx';
import { BlockForm } from './block-form.tsx';

export function BlockDialog({
  ip,
  reason,
  onClose,
}: {
  ip: string;
  reason: string;
  onClose: () => void;
}) {
  return (
    <Dialog title={`Block ${ip}`} onClose={onClose}>
      <BlockForm ip={ip} reason={reason} onDone={onClose} onCancel={onClose} />
    </Dialog>
  );
}
