/** Keeps a fault in one part of the page from taking the rest with it. */
import { Component, type ComponentChildren } from 'preact';
import { Blank } from './blank.tsx';

interface Props {
  readonly name: string;
  readonly children: ComponentChildren;
}

export class Guarded extends Component<Props, { readonly error?: Error | undefined }> {
  override state: { readonly error?: Error | undefined } = {};

  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ error: error instanceof Error ? error : new Error(String(error)) });
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <Blank title={`${this.props.name} has failed`}>
        <p>This is a fault of this page, not of the network: {error.message}</p>
        <button type="button" onClick={() => this.setState({ error: undefined })}>
          Draw it again
        </button>
      </Blank>
    );
  }
}
