"""What is seen from outside, kept word by word."""
