"""What is promised to subscribers, and the rules that the code as a whole keeps."""
