import { PageAlone } from "./page.tsx";
import { Words } from "./parts.tsx";

interface SignInProps {
  /** The next page. */
  readonly to: string;
  /** Why the sign-in failed; `null`: not tried. */
  readonly refusal: string | null;
}

export function SignInPage({ to, refusal }: SignInProps) {
  return (
    <PageAlone title="Sign in">
      {refusal !== null && (
        <p class="notice bad" role="alert" id="refusal">
          <Words of={refusal} />
        </p>
      )}
      <form method="post" action="/console/sign-in">
        <input type="hidden" name="to" value={to} />
        <label for="token">Your token</label>
        <input
          id="token"
          name="token"
          type="password"
          required
          autofocus
          autocomplete="current-password"
          maxlength={1024}
          spellcheck={false}
          {...(refusal !== null && { "aria-invalid": "true", "aria-describedby": "refusal" })}
        />
        <button type="submit" class="main">
          Sign in
        </button>
      </form>
      <p class="dim">
        <code>bridgehead operator NAME --domain DOMAIN</code> makes a token. The session ends after 12 hours, after an
        hour without use, or when you sign out.
      </p>
    </PageAlone>
  );
}
