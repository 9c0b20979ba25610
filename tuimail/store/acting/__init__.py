"""What a person did and servers have not confirmed: actions that wait, where mail is meanwhile, the way back."""
