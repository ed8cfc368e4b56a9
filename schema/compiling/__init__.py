"""Operations made into functions once, which show many objects at a time; see decision 35."""
