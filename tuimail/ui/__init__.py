"""What a person sees: the only room that knows Textual. It reads the store and sends wishes to the engine."""
