/** A modal dialog on the browser's own: it holds the focus, closes on Escape and gives the focus back. */
import { type ReactNode, useEffect, useId, useRef } from 'react';

export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="m-auto w-[min(32rem,calc(100vw-24px))] rounded-lg border border-line bg-surface p-0 text-ink backdrop:bg-black/60"
    >
      <h2 id={id} className="border-line border-b px-4 py-2.5 font-semibold text-base">
        {title}
      </h2>
      <div className="grid gap-3 p-4">{children}</div>
    </dialog>
  );
}
