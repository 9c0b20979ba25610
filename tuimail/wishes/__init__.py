"""What a person asks for, made into actions, drafts and messages on their way out.

Functions over an open store, used by screens and commands alike. What must not live
here: the network, the engine, and anything of a screen.
"""
