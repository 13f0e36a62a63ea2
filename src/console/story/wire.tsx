import { sideNames } from "../../explain/story-sides.ts";
import type { WireRow } from "../../rpc/replay.ts";
import type { StoryLine } from "../../rpc/story.ts";
import { type WireText, wireTexts } from "./wire-texts.ts";

interface WireProps {
  readonly line: StoryLine;
  /** What the wire had with the line's row, where the journal still has that. */
  readonly row: WireRow | undefined;
  /** Its document stands at an earlier line of the row. */
  readonly isRepeated: boolean;
}

/** What went over the wire with a line, and behind an input what followed on both sides. */
export function Wire({ line, row, isRepeated }: WireProps) {
  const { own, following, more } = wireTexts(line, row);
  const facts = Object.entries(line.facts);
  return (
    <>
      {isRepeated ? (
        <p class="dim">Its document, and what followed, stand at the line of {sideNames[line.from]} before.</p>
      ) : (
        own.map((text) => <Text {...text} />)
      )}
      {!isRepeated && following.length > 0 && <p class="dim">What followed:</p>}
      {!isRepeated && following.map((text) => <Text {...text} />)}
      {!isRepeated && more > 0 && <p class="dim">and {String(more)} more, which the replay has</p>}
      {own.length === 0 && facts.length > 0 && (
        <dl class="facts">{facts.flatMap(([name, value]) => [<dt>{name}</dt>, <dd>{value}</dd>])}</dl>
      )}
    </>
  );
}

export function Text({ title, text }: WireText) {
  return (
    <figure class="text">
      <figcaption>{title}</figcaption>
      <pre tabindex={0}>{text}</pre>
    </figure>
  );
}
