/** The hashes by which documents are asked for. */

/** The SHA-256 of a document's text, for a server that keeps what it is sent. */
export async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The hash that codegen wrote beside a document, for a server with a manifest. */
export function manifestHash(document: object): string {
  const { __meta__: meta } = document as { __meta__?: { hash?: string } };
  if (!meta?.hash) throw new Error('The document is not of the manifest');
  return meta.hash;
}
