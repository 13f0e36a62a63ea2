import { type Frame, Page } from "../page.tsx";
import { Words } from "../parts.tsx";

/** In place of a page that cannot be shown: what happened, and what to do. */
export function TroublePage({ title, says, ...frame }: Frame & { readonly title: string; readonly says: string }) {
  return (
    <Page {...frame} title={title}>
      <p>
        <Words of={says} />
      </p>
      <p>
        <a href="/console">To the overview</a>
      </p>
    </Page>
  );
}
