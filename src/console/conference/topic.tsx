import { cut } from "../../foundation/text/cut.ts";

/** What a domain's WebEx site calls conferences, by their keys. */
export type Topics = ReadonlyMap<string, string>;

/** Sites allow hundreds of characters, and a list has one line. */
const MOST_OF_TOPIC = 80;

/** A conference's topic beside its key in a list, where it is known. */
export function TopicOf({ conference, topics }: { readonly conference: string; readonly topics: Topics | undefined }) {
  return <Topic is={topics?.get(conference)} />;
}

/** The same where the topic itself is known. */
export function Topic({ is }: { readonly is: string | undefined }) {
  return is === undefined ? null : (
    <>
      {" "}
      <span class="dim">
        <bdi>{cut(is, MOST_OF_TOPIC)}</bdi>
      </span>
    </>
  );
}
