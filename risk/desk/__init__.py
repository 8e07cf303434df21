"""The pages that a support agent opens first each day. They read nothing but the risk database."""
